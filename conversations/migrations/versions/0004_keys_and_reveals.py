"""What is known of the keys, and who saw the number of an alert, why, and who stood for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import conversations.db

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

KEPT = 'id, alert_id, staff_id, who, asked_at, reason, alone'
OF_TWO = '(alert_id IS NULL) <> (worry_id IS NULL)'
OF_ONE = """(CASE WHEN alert_id IS NULL THEN 0 ELSE 1 END + CASE WHEN worry_id IS NULL THEN 0 ELSE 1 END
 + CASE WHEN reveal_id IS NULL THEN 0 ELSE 1 END) = 1"""


def upgrade() -> None:
    """Make the change."""
    op.create_table('key_mark',
    sa.Column('name', sa.String(length=32), nullable=False),
    sa.Column('first', sa.String(length=64), nullable=False),
    sa.Column('seen', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_key_mark'))
    )
    op.create_table('reveal',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('alert_id', sa.String(length=32), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('who', sa.String(length=64), nullable=False),
    sa.Column('asked_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.Column('reason', sa.String(length=32), nullable=False),
    sa.Column('alone', sa.Boolean(), nullable=False),
    sa.Column('approved', sa.Boolean(), nullable=True),
    sa.Column('decided_by', sa.String(length=64), nullable=True),
    sa.Column('decided_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('told_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('shown_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('reviewed_by', sa.String(length=64), nullable=True),
    sa.Column('reviewed_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('finding', sa.String(length=32), nullable=True),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('fk_reveal_alert_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_reveal_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reveal'))
    )
    with op.batch_alter_table('reveal', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reveal_alert_id'), ['alert_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_reveal_asked_at'), ['asked_at'], unique=False)
        batch_op.create_index('ix_reveal_staff', ['staff_id', 'asked_at'], unique=False)
    columns = ', '.join(f'"{name}"' for name in KEPT.split(', '))
    says = "BEGIN SELECT RAISE(ABORT, 'reveal is only added to'); END"
    if op.get_bind().dialect.name == 'sqlite':
        op.execute(f'CREATE TRIGGER reveal_kept BEFORE UPDATE OF {columns} ON reveal {says}')
        op.execute(f'CREATE TRIGGER reveal_stays BEFORE DELETE ON reveal {says}')
    else:
        op.execute(f'CREATE TRIGGER reveal_kept BEFORE UPDATE OF {columns} OR DELETE OR TRUNCATE ON reveal '
                   'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()')

    with op.batch_alter_table('opening', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_opening_of_one'), type_='check')
        batch_op.add_column(sa.Column('reveal_id', sa.String(length=32), nullable=True))
        batch_op.create_index(batch_op.f('ix_opening_reveal_id'), ['reveal_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_opening_reveal_id'), 'reveal', ['reveal_id'], ['id'])
        batch_op.create_check_constraint(batch_op.f('ck_opening_of_one'), OF_ONE)


def downgrade() -> None:
    """Undo it; a number that was asked for lives for minutes, and has no place before this."""
    op.execute('DELETE FROM opening WHERE reveal_id IS NOT NULL')
    with op.batch_alter_table('opening', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_opening_of_one'), type_='check')
        batch_op.drop_constraint(batch_op.f('fk_opening_reveal_id'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_opening_reveal_id'))
        batch_op.drop_column('reveal_id')
        batch_op.create_check_constraint(batch_op.f('ck_opening_of_one'), OF_TWO)

    op.drop_table('reveal')
    op.drop_table('key_mark')
