"""Worries, second looks and marks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import conversations.db

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table('mark',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('category', sa.String(length=32), nullable=False),
    sa.Column('level', sa.String(length=10), nullable=False),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('version', sa.String(length=32), nullable=False),
    sa.Column('made_on', sa.Date(), nullable=False),
    sa.Column('text', sa.Text(), nullable=True),
    sa.Column('alert_id', sa.String(length=32), nullable=True),
    sa.CheckConstraint("kind IN ('false_alarm', 'should_have_alerted')", name=op.f('ck_mark_kind')),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('fk_mark_alert_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mark')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('mark', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_mark_alert_id'), ['alert_id'], unique=False)

    op.create_table('reach',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('alert_id', sa.String(length=32), nullable=False),
    sa.Column('comment_id', sa.String(length=32), nullable=False),
    sa.Column('sealed_link', sa.LargeBinary(), nullable=False),
    sa.Column('expires_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('fk_reach_alert_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reach'))
    )
    with op.batch_alter_table('reach', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reach_alert_id'), ['alert_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_reach_expires_at'), ['expires_at'], unique=False)

    op.create_table('worry',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=9), nullable=False),
    sa.Column('owner', sa.String(length=16), nullable=False),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('version', sa.String(length=32), nullable=False),
    sa.Column('channel', sa.String(length=8), nullable=False),
    sa.Column('cannot_be_texted', sa.Boolean(), nullable=False),
    sa.Column('due_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.Column('expires_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('state', sa.String(length=4), nullable=False),
    sa.Column('outcome', sa.String(length=32), nullable=True),
    sa.Column('done_by', sa.String(length=64), nullable=True),
    sa.Column('done_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('sealed_words', sa.LargeBinary(), nullable=True),
    sa.Column('sealed_contact', sa.LargeBinary(), nullable=True),
    sa.Column('alert_id', sa.String(length=32), nullable=True),
    sa.CheckConstraint("kind IN ('wellbeing', 'same_day')", name=op.f('ck_worry_kind')),
    sa.CheckConstraint("state = 'open' OR outcome IS NOT NULL", name=op.f('ck_worry_outcome_needed')),
    sa.CheckConstraint("state IN ('open', 'done')", name=op.f('ck_worry_state')),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('fk_worry_alert_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_worry')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('worry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_worry_due_at'), ['due_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_worry_expires_at'), ['expires_at'], unique=False)

    op.create_table('second_look',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('conversation_id', sa.String(length=32), nullable=True),
    sa.Column('channel', sa.String(length=8), nullable=False),
    sa.Column('due_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.Column('sealed_words', sa.LargeBinary(), nullable=False),
    sa.Column('sealed_contact', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], name=op.f('fk_second_look_conversation_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_second_look'))
    )
    with op.batch_alter_table('second_look', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_second_look_conversation_id'), ['conversation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_second_look_due_at'), ['due_at'], unique=False)

    with op.batch_alter_table('opening', schema=None) as batch_op:
        batch_op.add_column(sa.Column('worry_id', sa.String(length=32), nullable=True))
        batch_op.alter_column('alert_id',
               existing_type=sa.VARCHAR(length=32),
               nullable=True)
        batch_op.create_index(batch_op.f('ix_opening_worry_id'), ['worry_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_opening_worry_id'), 'worry', ['worry_id'], ['id'])
        batch_op.create_check_constraint(batch_op.f('ck_opening_of_one'), '(alert_id IS NULL) <> (worry_id IS NULL)')


def downgrade() -> None:
    """Undo it; what was asked to be opened lives for minutes, and openings of worries have no place before this."""
    op.execute('DELETE FROM opening WHERE alert_id IS NULL')
    with op.batch_alter_table('opening', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_opening_of_one'), type_='check')
        batch_op.drop_constraint(batch_op.f('fk_opening_worry_id'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_opening_worry_id'))
        batch_op.alter_column('alert_id',
               existing_type=sa.VARCHAR(length=32),
               nullable=False)
        batch_op.drop_column('worry_id')

    with op.batch_alter_table('second_look', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_second_look_due_at'))
        batch_op.drop_index(batch_op.f('ix_second_look_conversation_id'))

    op.drop_table('second_look')
    with op.batch_alter_table('worry', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_worry_expires_at'))
        batch_op.drop_index(batch_op.f('ix_worry_due_at'))

    op.drop_table('worry')
    with op.batch_alter_table('reach', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_reach_expires_at'))
        batch_op.drop_index(batch_op.f('ix_reach_alert_id'))

    op.drop_table('reach')
    with op.batch_alter_table('mark', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_mark_alert_id'))

    op.drop_table('mark')
