"""The duty clock: ways, shifts, reports, handovers, relay, alarms; what an alert and an attempt keep for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import conversations.db

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

ONLY_ADDED_TO = {
    'alert_event': 'id, alert_id, at, what, who, detail',
    'report': 'id, alert_id, at, who, outcome, where_now, safe_now, told, young_person_told, next_step',
    'handover': 'id, alert_id, partner, handed_at, handed_by',
}
REFUSE = """CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || '' is only added to'', ERRCODE = ''restrict_violation''; END'"""


def only_add(table: str, names: str) -> None:
    """Have the database refuse to delete a row, and to change these columns of one."""
    columns = ', '.join(f'"{name}"' for name in names.split(', '))
    says = f"BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END"
    kept = f'CREATE TRIGGER {table}_kept BEFORE UPDATE OF {columns}'
    if op.get_bind().dialect.name == 'sqlite':
        op.execute(f'{kept} ON {table} {says}')
        op.execute(f'CREATE TRIGGER {table}_stays BEFORE DELETE ON {table} {says}')
    else:
        op.execute(f'{kept} OR DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()')


def upgrade() -> None:
    """Make the change."""
    op.create_table('alarm',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('trouble', sa.String(length=100), nullable=False),
    sa.Column('began_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.Column('told_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('ended_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alarm'))
    )
    with op.batch_alter_table('alarm', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_alarm_trouble'), ['trouble'], unique=False)

    op.create_table('duty_key',
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('voice_code_hash', sa.String(length=255), nullable=True),
    sa.Column('feed_hash', sa.String(length=64), nullable=True),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_duty_key_staff_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('staff_id', name=op.f('pk_duty_key')),
    sa.UniqueConstraint('feed_hash', name=op.f('uq_duty_key_feed_hash'))
    )
    op.create_table('shift',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('rota', sa.String(length=12), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('starts_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.Column('ends_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.Column('override', sa.Boolean(), nullable=False),
    sa.Column('imported_as', sa.String(length=255), nullable=True),
    sa.CheckConstraint("rota IN ('duty', 'out_of_hours')", name=op.f('ck_shift_rota')),
    sa.CheckConstraint('ends_at > starts_at', name=op.f('ck_shift_has_length')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_shift_staff_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shift')),
    sa.UniqueConstraint('imported_as', name=op.f('uq_shift_imported_as'))
    )
    with op.batch_alter_table('shift', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_shift_staff_id'), ['staff_id'], unique=False)
        batch_op.create_index('ix_shift_time', ['starts_at', 'ends_at'], unique=False)

    op.create_table('way',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('address', sa.String(length=255), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('verified_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('code_hash', sa.String(length=64), nullable=True),
    sa.Column('code_expires_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('code_tries', sa.Integer(), server_default='0', nullable=False),
    sa.Column('code_due_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('code_failure', sa.String(length=64), nullable=True),
    sa.CheckConstraint("kind IN ('sms', 'voice', 'email')", name=op.f('ck_way_kind')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_way_staff_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_way'))
    )
    with op.batch_alter_table('way', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_way_code_due_at'), ['code_due_at'], unique=False)
        batch_op.create_index('ix_way_staff', ['staff_id', 'place'], unique=False)

    op.create_table('handover',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('alert_id', sa.String(length=32), nullable=False),
    sa.Column('partner', sa.String(length=64), nullable=False),
    sa.Column('handed_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.Column('handed_by', sa.String(length=64), nullable=False),
    sa.Column('received_by', sa.String(length=64), nullable=True),
    sa.Column('received_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('sealed_notes', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('fk_handover_alert_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_handover'))
    )
    with op.batch_alter_table('handover', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_handover_alert_id'), ['alert_id'], unique=False)

    op.create_table('relay',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('alert_id', sa.String(length=32), nullable=False),
    sa.Column('who', sa.String(length=64), nullable=False),
    sa.Column('written_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.Column('template', sa.String(length=32), nullable=True),
    sa.Column('unasked_reason', sa.String(length=32), nullable=True),
    sa.Column('sealed_words', sa.LargeBinary(), nullable=False),
    sa.Column('sealed_for_reader', sa.LargeBinary(), nullable=True),
    sa.Column('read_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('due_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('lease', sa.String(length=32), nullable=True),
    sa.Column('lease_until', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('sent_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('provider_id', sa.String(length=34), nullable=True),
    sa.Column('provider_status', sa.String(length=32), nullable=True),
    sa.Column('error', sa.String(length=64), nullable=True),
    sa.CheckConstraint("state IN ('waiting', 'due', 'leased', 'sent', 'failed', 'cancelled')", name=op.f('ck_relay_state')),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('fk_relay_alert_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_relay'))
    )
    with op.batch_alter_table('relay', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_relay_alert_id'), ['alert_id'], unique=False)
        batch_op.create_index('ix_relay_due', ['state', 'due_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_relay_provider_id'), ['provider_id'], unique=False)

    op.create_table('report',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('alert_id', sa.String(length=32), nullable=False),
    sa.Column('at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.Column('who', sa.String(length=64), nullable=False),
    sa.Column('outcome', sa.String(length=32), nullable=False),
    sa.Column('where_now', sa.String(length=32), nullable=False),
    sa.Column('safe_now', sa.String(length=32), nullable=False),
    sa.Column('told', sa.JSON(), nullable=False),
    sa.Column('young_person_told', sa.String(length=32), nullable=False),
    sa.Column('next_step', sa.String(length=32), nullable=False),
    sa.Column('sealed_notes', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('fk_report_alert_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_report'))
    )
    with op.batch_alter_table('report', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_report_alert_id'), ['alert_id'], unique=False)

    with op.batch_alter_table('alert', schema=None) as batch_op:
        batch_op.add_column(sa.Column('owner_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('step', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('clock_from', conversations.db.UtcTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('drill', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column('late', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column('ok_to_text', sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column('safe_times', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('merged_into', sa.String(length=32), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_alert_merged_into'), 'alert', ['merged_into'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_alert_owner_id'), 'staff', ['owner_id'], ['id'], ondelete='SET NULL')

    op.execute('UPDATE alert SET clock_from = raised_at')
    with op.batch_alter_table('alert', schema=None) as batch_op:
        batch_op.alter_column('clock_from', existing_type=conversations.db.UtcTime(timezone=True), nullable=False)

    with op.batch_alter_table('attempt', schema=None) as batch_op:
        batch_op.add_column(sa.Column('person_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('step', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('maybe_twice', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column('asked_at', conversations.db.UtcTime(timezone=True), nullable=True))
        batch_op.alter_column('way',
               existing_type=sa.VARCHAR(length=8),
               type_=sa.String(length=12),
               existing_nullable=False)
        batch_op.alter_column('provider_id',
               existing_type=sa.VARCHAR(length=34),
               type_=sa.String(length=64),
               existing_nullable=True)
        batch_op.create_foreign_key(batch_op.f('fk_attempt_person_id'), 'staff', ['person_id'], ['id'], ondelete='SET NULL')

    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.alter_column('provider_id',
               existing_type=sa.VARCHAR(length=34),
               type_=sa.String(length=64),
               existing_nullable=False)
        batch_op.alter_column('error',
               existing_type=sa.VARCHAR(length=8),
               type_=sa.String(length=64),
               existing_nullable=True)

    with op.batch_alter_table('conversation', schema=None) as batch_op:
        batch_op.add_column(sa.Column('reader_half', sa.String(length=64), nullable=True))

    with op.batch_alter_table('received', schema=None) as batch_op:
        batch_op.add_column(sa.Column('fingerprint', sa.String(length=32), nullable=True))

    if op.get_bind().dialect.name == 'postgresql':
        op.execute(REFUSE)
    for table, names in ONLY_ADDED_TO.items():
        only_add(table, names)


def downgrade() -> None:
    """Undo it; attempts by ways that have no place before this go."""
    sqlite = op.get_bind().dialect.name == 'sqlite'
    for trigger in ('kept', 'stays') if sqlite else ('kept',):
        op.execute(f"DROP TRIGGER alert_event_{trigger}{'' if sqlite else ' ON alert_event'}")
    op.execute('DELETE FROM attempt WHERE length(way) > 8 OR length(provider_id) > 34')
    with op.batch_alter_table('received', table_kwargs={'sqlite_with_rowid': False}) as batch_op:
        batch_op.drop_column('fingerprint')

    op.execute('DELETE FROM delivery WHERE length(provider_id) > 34 OR length(error) > 8')
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.alter_column('provider_id',
               existing_type=sa.String(length=64),
               type_=sa.VARCHAR(length=34),
               existing_nullable=False)
        batch_op.alter_column('error',
               existing_type=sa.String(length=64),
               type_=sa.VARCHAR(length=8),
               existing_nullable=True)
    with op.batch_alter_table('conversation', schema=None) as batch_op:
        batch_op.drop_column('reader_half')

    with op.batch_alter_table('attempt', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_attempt_person_id'), type_='foreignkey')
        batch_op.alter_column('provider_id',
               existing_type=sa.String(length=64),
               type_=sa.VARCHAR(length=34),
               existing_nullable=True)
        batch_op.alter_column('way',
               existing_type=sa.String(length=12),
               type_=sa.VARCHAR(length=8),
               existing_nullable=False)
        batch_op.drop_column('asked_at')
        batch_op.drop_column('maybe_twice')
        batch_op.drop_column('step')
        batch_op.drop_column('person_id')

    with op.batch_alter_table('alert', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_alert_owner_id'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_alert_merged_into'), type_='foreignkey')
        batch_op.drop_column('merged_into')
        batch_op.drop_column('safe_times')
        batch_op.drop_column('ok_to_text')
        batch_op.drop_column('late')
        batch_op.drop_column('drill')
        batch_op.drop_column('clock_from')
        batch_op.drop_column('step')
        batch_op.drop_column('owner_id')

    with op.batch_alter_table('report', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_report_alert_id'))

    op.drop_table('report')
    with op.batch_alter_table('relay', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_relay_provider_id'))
        batch_op.drop_index('ix_relay_due')
        batch_op.drop_index(batch_op.f('ix_relay_alert_id'))

    op.drop_table('relay')
    with op.batch_alter_table('handover', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_handover_alert_id'))

    op.drop_table('handover')
    with op.batch_alter_table('way', schema=None) as batch_op:
        batch_op.drop_index('ix_way_staff')
        batch_op.drop_index(batch_op.f('ix_way_code_due_at'))

    op.drop_table('way')
    with op.batch_alter_table('shift', schema=None) as batch_op:
        batch_op.drop_index('ix_shift_time')
        batch_op.drop_index(batch_op.f('ix_shift_staff_id'))

    op.drop_table('shift')
    op.drop_table('duty_key')
    with op.batch_alter_table('alarm', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_alarm_trouble'))

    op.drop_table('alarm')
    if not sqlite:
        op.execute('DROP FUNCTION refuse_change()')
