"""Comments that a person has marked safe to share; what was reviewed before stays with reviewers."""

from __future__ import annotations

from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

NO_ORDER = {'sqlite_with_rowid': False}


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table('comment', table_kwargs=NO_ORDER) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_comment_state'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_comment_state'), "state IN ('waiting', 'reviewed', 'safe')")


def downgrade() -> None:
    """Undo it; what is safe to share was reviewed."""
    op.execute("UPDATE comment SET state = 'reviewed' WHERE state = 'safe'")
    with op.batch_alter_table('comment', table_kwargs=NO_ORDER) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_comment_state'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_comment_state'), "state IN ('waiting', 'reviewed')")
