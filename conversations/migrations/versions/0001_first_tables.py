"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import conversations.db

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table('alert',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('reference', sa.String(length=8), nullable=False),
    sa.Column('level', sa.String(length=10), nullable=False),
    sa.Column('assessed', sa.Boolean(), nullable=False),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('version', sa.String(length=32), nullable=False),
    sa.Column('channel', sa.String(length=8), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('cannot_be_texted', sa.Boolean(), nullable=False),
    sa.Column('raised_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.Column('next_action_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('acknowledged_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('acknowledged_by', sa.String(length=64), nullable=True),
    sa.Column('outcome', sa.String(length=32), nullable=True),
    sa.Column('closed_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('sealed_contact', sa.LargeBinary(), nullable=True),
    sa.CheckConstraint("state <> 'closed' OR outcome IS NOT NULL", name=op.f('ck_alert_outcome_needed')),
    sa.CheckConstraint("state = 'closed' OR next_action_at IS NOT NULL", name=op.f('ck_alert_never_silent')),
    sa.CheckConstraint("state IN ('open', 'acknowledged', 'closed')", name=op.f('ck_alert_state')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alert')),
    sa.UniqueConstraint('reference', name=op.f('uq_alert_reference'))
    )
    with op.batch_alter_table('alert', schema=None) as batch_op:
        batch_op.create_index('ix_alert_due', ['state', 'next_action_at'], unique=False)

    op.create_table('audit',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.Column('who', sa.String(length=64), nullable=False),
    sa.Column('what', sa.String(length=32), nullable=False),
    sa.Column('on_row', sa.String(length=64), nullable=False),
    sa.Column('why', sa.String(length=200), nullable=False),
    sa.Column('chain', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit')),
    sa.UniqueConstraint('chain', name=op.f('uq_audit_chain'))
    )
    op.create_table('closed_draft',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('draft', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_closed_draft')),
    sqlite_with_rowid=False
    )
    op.create_table('comment',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('script', sa.String(length=64), nullable=False),
    sa.Column('step', sa.String(length=64), nullable=False),
    sa.Column('theme', sa.String(length=64), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('sealed_link', sa.LargeBinary(), nullable=True),
    sa.Column('link_expires_on', sa.Date(), nullable=True),
    sa.CheckConstraint("state IN ('waiting', 'reviewed')", name=op.f('ck_comment_state')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_comment')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('comment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_comment_due_on'), ['due_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_comment_link_expires_on'), ['link_expires_on'], unique=False)
        batch_op.create_index('ix_comment_state_script', ['state', 'script'], unique=False)

    op.create_table('delivery',
    sa.Column('provider_id', sa.String(length=34), nullable=False),
    sa.Column('status', sa.String(length=32), nullable=False),
    sa.Column('error', sa.String(length=8), nullable=True),
    sa.Column('received_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('provider_id', 'status', name=op.f('pk_delivery'))
    )
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_delivery_received_at'), ['received_at'], unique=False)

    op.create_table('figure',
    sa.Column('period', sa.String(length=7), nullable=False),
    sa.Column('view', sa.String(length=130), nullable=False),
    sa.Column('cell', sa.String(length=64), nullable=False),
    sa.Column('shown', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('period', 'view', 'cell', name=op.f('pk_figure'))
    )
    op.create_table('heartbeat',
    sa.Column('process', sa.String(length=16), nullable=False),
    sa.Column('at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('process', name=op.f('pk_heartbeat'))
    )
    op.create_table('login_try',
    sa.Column('key', sa.String(length=32), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('last_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_login_try'))
    )
    with op.batch_alter_table('login_try', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_login_try_last_at'), ['last_at'], unique=False)

    op.create_table('opt_out',
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_opt_out')),
    sqlite_with_rowid=False
    )
    op.create_table('opt_request',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('requested_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.Column('sealed_contact', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_opt_request'))
    )
    op.create_table('response',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.Column('script', sa.String(length=64), nullable=False),
    sa.Column('version', sa.String(length=16), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('area', sa.String(length=16), nullable=True),
    sa.Column('age_band', sa.String(length=8), nullable=True),
    sa.Column('touchpoint', sa.String(length=32), nullable=True),
    sa.Column('ending', sa.String(length=8), nullable=False),
    sa.CheckConstraint("ending IN ('finished', 'partial', 'stopped')", name=op.f('ck_response_ending')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_response')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('response', schema=None) as batch_op:
        batch_op.create_index('ix_response_month_script', ['month', 'script'], unique=False)

    op.create_table('role',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=16), nullable=False),
    sa.Column('description', sa.String(length=100), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_role')),
    sa.UniqueConstraint('name', name=op.f('uq_role_name'))
    )
    op.create_table('script_version',
    sa.Column('version', sa.String(length=16), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('content', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('version', name=op.f('pk_script_version'))
    )
    op.create_table('staff',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('email', sa.String(length=255), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('password', sa.String(length=255), nullable=False),
    sa.Column('active', sa.Boolean(), server_default=sa.true(), nullable=False),
    sa.Column('fs_uniquifier', sa.String(length=64), nullable=False),
    sa.Column('tf_primary_method', sa.String(length=64), nullable=True),
    sa.Column('tf_totp_secret', sa.String(length=255), nullable=True),
    sa.Column('tf_phone_number', sa.String(length=128), nullable=True),
    sa.Column('tf_last_step', sa.Integer(), nullable=True),
    sa.Column('mf_recovery_codes', sa.JSON(), nullable=True),
    sa.Column('password_is_temporary', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff')),
    sa.UniqueConstraint('email', name=op.f('uq_staff_email')),
    sa.UniqueConstraint('fs_uniquifier', name=op.f('uq_staff_fs_uniquifier'))
    )
    op.create_table('staff_number',
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_staff_number')),
    sqlite_with_rowid=False
    )
    op.create_table('alert_event',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('alert_id', sa.String(length=32), nullable=False),
    sa.Column('at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.Column('what', sa.String(length=32), nullable=False),
    sa.Column('who', sa.String(length=64), nullable=False),
    sa.Column('detail', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('fk_alert_event_alert_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alert_event'))
    )
    with op.batch_alter_table('alert_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_alert_event_alert_id'), ['alert_id'], unique=False)

    op.create_table('alert_words',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('alert_id', sa.String(length=32), nullable=False),
    sa.Column('level', sa.String(length=10), nullable=False),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('received_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('fk_alert_words_alert_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alert_words'))
    )
    with op.batch_alter_table('alert_words', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_alert_words_alert_id'), ['alert_id'], unique=False)

    op.create_table('answer',
    sa.Column('response_id', sa.String(length=32), nullable=False),
    sa.Column('question', sa.String(length=64), nullable=False),
    sa.Column('code', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['response_id'], ['response.id'], name=op.f('fk_answer_response_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('response_id', 'question', 'code', name=op.f('pk_answer')),
    sqlite_with_rowid=False
    )
    op.create_table('attempt',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('alert_id', sa.String(length=32), nullable=False),
    sa.Column('way', sa.String(length=8), nullable=False),
    sa.Column('due_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('lease', sa.String(length=32), nullable=True),
    sa.Column('lease_until', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('sent_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('provider_id', sa.String(length=34), nullable=True),
    sa.Column('provider_status', sa.String(length=32), nullable=True),
    sa.Column('error', sa.String(length=64), nullable=True),
    sa.CheckConstraint("state IN ('due', 'leased', 'sent', 'failed', 'cancelled')", name=op.f('ck_attempt_state')),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('fk_attempt_alert_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attempt'))
    )
    with op.batch_alter_table('attempt', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_attempt_alert_id'), ['alert_id'], unique=False)
        batch_op.create_index('ix_attempt_due', ['state', 'due_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_attempt_provider_id'), ['provider_id'], unique=False)

    op.create_table('conversation',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('person', sa.String(length=32), nullable=False),
    sa.Column('channel', sa.String(length=8), nullable=False),
    sa.Column('version', sa.String(length=16), nullable=False),
    sa.Column('state', sa.JSON(), nullable=False),
    sa.Column('replies', sa.JSON(), nullable=False),
    sa.Column('pace', sa.JSON(), nullable=False),
    sa.Column('last_out_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('nudge_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('expires_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.Column('sealed_contact', sa.LargeBinary(), nullable=True),
    sa.Column('our_number', sa.String(length=32), nullable=True),
    sa.Column('alert_id', sa.String(length=32), nullable=True),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('fk_conversation_alert_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['version'], ['script_version.version'], name=op.f('fk_conversation_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_conversation')),
    sa.UniqueConstraint('person', name=op.f('uq_conversation_person'))
    )
    with op.batch_alter_table('conversation', schema=None) as batch_op:
        batch_op.create_index('ix_conversation_due', ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_conversation_nudge_at'), ['nudge_at'], unique=False)

    op.create_table('opening',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('alert_id', sa.String(length=32), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('public_half', sa.String(length=64), nullable=False),
    sa.Column('expires_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('fk_opening_alert_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_opening_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_opening'))
    )
    with op.batch_alter_table('opening', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_opening_alert_id'), ['alert_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_opening_expires_at'), ['expires_at'], unique=False)

    op.create_table('staff_role',
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('role_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['role_id'], ['role.id'], name=op.f('fk_staff_role_role_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_staff_role_staff_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('staff_id', 'role_id', name=op.f('pk_staff_role'))
    )
    op.create_table('staff_session',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=True),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('began_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.Column('expires_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_staff_session_staff_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff_session'))
    )
    with op.batch_alter_table('staff_session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_staff_session_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_staff_session_staff_id'), ['staff_id'], unique=False)

    op.create_table('outbox',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('conversation_id', sa.String(length=32), nullable=True),
    sa.Column('alert_id', sa.String(length=32), nullable=True),
    sa.Column('sender', sa.String(length=32), nullable=False),
    sa.Column('sealed_contact', sa.LargeBinary(), nullable=True),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('due_at', conversations.db.UtcTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('lease', sa.String(length=32), nullable=True),
    sa.Column('lease_until', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('sent_at', conversations.db.UtcTime(timezone=True), nullable=True),
    sa.Column('provider_id', sa.String(length=34), nullable=True),
    sa.Column('provider_status', sa.String(length=32), nullable=True),
    sa.Column('error', sa.String(length=64), nullable=True),
    sa.CheckConstraint("state IN ('due', 'leased', 'sent', 'failed', 'cancelled')", name=op.f('ck_outbox_state')),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('fk_outbox_alert_id')),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], name=op.f('fk_outbox_conversation_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox'))
    )
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_outbox_conversation_id'), ['conversation_id'], unique=False)
        batch_op.create_index('ix_outbox_due', ['state', 'due_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_outbox_provider_id'), ['provider_id'], unique=False)

    op.create_table('received',
    sa.Column('message', sa.String(length=32), nullable=False),
    sa.Column('conversation_id', sa.String(length=32), nullable=True),
    sa.Column('received_on', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], name=op.f('fk_received_conversation_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('message', name=op.f('pk_received')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('received', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_received_conversation_id'), ['conversation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_received_received_on'), ['received_on'], unique=False)



def downgrade() -> None:
    """Undo it."""
    with op.batch_alter_table('received', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_received_received_on'))
        batch_op.drop_index(batch_op.f('ix_received_conversation_id'))

    op.drop_table('received')
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_outbox_provider_id'))
        batch_op.drop_index('ix_outbox_due')
        batch_op.drop_index(batch_op.f('ix_outbox_conversation_id'))

    op.drop_table('outbox')
    with op.batch_alter_table('staff_session', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_staff_session_staff_id'))
        batch_op.drop_index(batch_op.f('ix_staff_session_expires_at'))

    op.drop_table('staff_session')
    op.drop_table('staff_role')
    with op.batch_alter_table('opening', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_opening_expires_at'))
        batch_op.drop_index(batch_op.f('ix_opening_alert_id'))

    op.drop_table('opening')
    with op.batch_alter_table('conversation', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_conversation_nudge_at'))
        batch_op.drop_index('ix_conversation_due')

    op.drop_table('conversation')
    with op.batch_alter_table('attempt', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_attempt_provider_id'))
        batch_op.drop_index('ix_attempt_due')
        batch_op.drop_index(batch_op.f('ix_attempt_alert_id'))

    op.drop_table('attempt')
    op.drop_table('answer')
    with op.batch_alter_table('alert_words', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_alert_words_alert_id'))

    op.drop_table('alert_words')
    with op.batch_alter_table('alert_event', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_alert_event_alert_id'))

    op.drop_table('alert_event')
    op.drop_table('staff_number')
    op.drop_table('staff')
    op.drop_table('script_version')
    op.drop_table('role')
    with op.batch_alter_table('response', schema=None) as batch_op:
        batch_op.drop_index('ix_response_month_script')

    op.drop_table('response')
    op.drop_table('opt_request')
    op.drop_table('opt_out')
    with op.batch_alter_table('login_try', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_login_try_last_at'))

    op.drop_table('login_try')
    op.drop_table('heartbeat')
    op.drop_table('figure')
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_delivery_received_at'))

    op.drop_table('delivery')
    with op.batch_alter_table('comment', schema=None) as batch_op:
        batch_op.drop_index('ix_comment_state_script')
        batch_op.drop_index(batch_op.f('ix_comment_link_expires_on'))
        batch_op.drop_index(batch_op.f('ix_comment_due_on'))

    op.drop_table('comment')
    op.drop_table('closed_draft')
    op.drop_table('audit')
    with op.batch_alter_table('alert', schema=None) as batch_op:
        batch_op.drop_index('ix_alert_due')

    op.drop_table('alert')
