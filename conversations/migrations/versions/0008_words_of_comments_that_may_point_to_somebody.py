"""Words of comments that may still point to somebody; what nobody shares has none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

NO_ORDER = {'sqlite_with_rowid': False}
UNLOOKED = sa.text('doubtful IS NULL')


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table('comment', table_kwargs=NO_ORDER) as batch_op:
        batch_op.add_column(sa.Column('doubtful', sa.JSON(none_as_null=True), nullable=True))
        batch_op.create_index('ix_comment_unlooked', ['id'], unique=False,
                              sqlite_where=UNLOOKED, postgresql_where=UNLOOKED)
    op.execute("UPDATE comment SET doubtful = '[]' WHERE state = 'reviewed'")


def downgrade() -> None:
    """Undo it."""
    with op.batch_alter_table('comment', table_kwargs=NO_ORDER) as batch_op:
        batch_op.drop_index('ix_comment_unlooked')
        batch_op.drop_column('doubtful')
