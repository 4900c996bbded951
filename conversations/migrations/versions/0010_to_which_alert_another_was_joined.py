"""Which alert another was joined to stays known when that is joined on, so that they can be taken apart again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table('alert', schema=None) as batch_op:
        batch_op.add_column(sa.Column('joined_to', sa.String(length=32), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_alert_joined_to'), 'alert', ['joined_to'], ['id'])
    op.execute('UPDATE alert SET joined_to = merged_into')


def downgrade() -> None:
    """Undo it."""
    with op.batch_alter_table('alert', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_alert_joined_to'), type_='foreignkey')
        batch_op.drop_column('joined_to')
