"""Marks of comments get their words from the worker, without whatever may point to somebody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

NO_ORDER = {'sqlite_with_rowid': False}


def upgrade() -> None:
    """Make the change; words that were kept without that look go, since nobody can tell which were harmless."""
    with op.batch_alter_table('mark', table_kwargs=NO_ORDER) as batch_op:
        batch_op.add_column(sa.Column('comment_id', sa.String(length=32), nullable=True))
        batch_op.create_index(batch_op.f('ix_mark_comment_id'), ['comment_id'], unique=False)
    op.execute("UPDATE mark SET text = NULL WHERE version = ''")  # no screen had said anything: of comments


def downgrade() -> None:
    """Undo it."""
    with op.batch_alter_table('mark', table_kwargs=NO_ORDER) as batch_op:
        batch_op.drop_index(batch_op.f('ix_mark_comment_id'))
        batch_op.drop_column('comment_id')
