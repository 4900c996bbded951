"""Second looks at words that an open alert has already."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table('second_look') as batch_op:
        batch_op.add_column(sa.Column('alert_id', sa.String(length=32), nullable=True))
        batch_op.create_foreign_key(
            op.f('fk_second_look_alert_id_alert'), 'alert', ['alert_id'], ['id'], ondelete='SET NULL'
        )


def downgrade() -> None:
    """Undo it."""
    with op.batch_alter_table('second_look') as batch_op:
        batch_op.drop_constraint(op.f('fk_second_look_alert_id_alert'), type_='foreignkey')
        batch_op.drop_column('alert_id')
