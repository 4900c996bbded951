"""What was done about an alert can be deleted two years after it was, and not before."""

from __future__ import annotations

from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

ONLY_ADDED_TO = {
    'alert_event': ('at', 'id, alert_id, at, what, who, detail'),
    'report': ('at', 'id, alert_id, at, who, outcome, where_now, safe_now, told, young_person_told, next_step'),
    'handover': ('handed_at', 'id, alert_id, partner, handed_at, handed_by'),
    'reveal': ('asked_at', 'id, alert_id, staff_id, who, asked_at, reason, alone'),
}
REFUSE = 'EXECUTE FUNCTION refuse_change()'


def upgrade() -> None:
    """Make the change."""
    for table, (at, names) in ONLY_ADDED_TO.items():
        stays = f'CREATE TRIGGER {table}_stays BEFORE DELETE ON {table}'
        if op.get_bind().dialect.name == 'sqlite':
            op.execute(f'DROP TRIGGER {table}_stays')
            op.execute(f"{stays} WHEN (OLD.{at} > datetime('now', '-2 years')) {_says(table)}")
        else:
            op.execute(f'DROP TRIGGER {table}_kept ON {table}')
            op.execute(f'{_kept(table, names)} OR TRUNCATE ON {table} FOR EACH STATEMENT {REFUSE}')
            op.execute(f"{stays} FOR EACH ROW WHEN (OLD.{at} > now() - interval '2 years') {REFUSE}")


def downgrade() -> None:
    """Undo it."""
    for table, (_, names) in ONLY_ADDED_TO.items():
        if op.get_bind().dialect.name == 'sqlite':
            op.execute(f'DROP TRIGGER {table}_stays')
            op.execute(f'CREATE TRIGGER {table}_stays BEFORE DELETE ON {table} {_says(table)}')
        else:
            op.execute(f'DROP TRIGGER {table}_stays ON {table}')
            op.execute(f'DROP TRIGGER {table}_kept ON {table}')
            op.execute(f'{_kept(table, names)} OR DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT {REFUSE}')


def _says(table: str) -> str:
    return f"BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END"


def _kept(table: str, names: str) -> str:
    columns = ', '.join(f'"{name}"' for name in names.split(', '))
    return f'CREATE TRIGGER {table}_kept BEFORE UPDATE OF {columns}'
