"""A swap waits for the yes of both; what duty wrote is asked after."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import conversations.db

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table('swap',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('one_id', sa.String(length=32), nullable=False),
    sa.Column('other_id', sa.String(length=32), nullable=False),
    sa.Column('one_agrees', sa.Boolean(), nullable=False),
    sa.Column('other_agrees', sa.Boolean(), nullable=False),
    sa.Column('asked_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['one_id'], ['shift.id'], name=op.f('fk_swap_one_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['other_id'], ['shift.id'], name=op.f('fk_swap_other_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_swap')),
    sa.UniqueConstraint('one_id', 'other_id', name=op.f('uq_swap_one_id'))
    )
    with op.batch_alter_table('swap', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_swap_other_id'), ['other_id'], unique=False)

    with op.batch_alter_table('relay', schema=None) as batch_op:
        batch_op.add_column(sa.Column('asked_at', conversations.db.UtcTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Undo it."""
    with op.batch_alter_table('relay', schema=None) as batch_op:
        batch_op.drop_column('asked_at')

    with op.batch_alter_table('swap', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_swap_other_id'))

    op.drop_table('swap')
