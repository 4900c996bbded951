"""Figures by age and by area, which the database refuses to change; the area that somebody's figures are limited to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

COLUMNS = ('period', 'view', 'field', 'part', 'cell', 'shown')


def only_add() -> None:
    """Have the database refuse to delete or change a figure."""
    columns = ', '.join(f'"{name}"' for name in COLUMNS)
    says = "BEGIN SELECT RAISE(ABORT, 'figure is only added to'); END"
    kept = f'CREATE TRIGGER figure_kept BEFORE UPDATE OF {columns}'
    if op.get_bind().dialect.name == 'sqlite':
        op.execute(f'{kept} ON figure {says}')
        op.execute(f'CREATE TRIGGER figure_stays BEFORE DELETE ON figure {says}')
    else:
        op.execute(f'{kept} OR DELETE OR TRUNCATE ON figure FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()')


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table('figure', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('pk_figure'), type_='primary')
        batch_op.add_column(sa.Column('field', sa.String(length=16), server_default='', nullable=False))
        batch_op.add_column(sa.Column('part', sa.String(length=16), server_default='', nullable=False))
        batch_op.create_primary_key(batch_op.f('pk_figure'), ['period', 'view', 'field', 'part', 'cell'])
    only_add()
    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.add_column(sa.Column('area', sa.String(length=16), nullable=True))


def downgrade() -> None:
    """Undo it; figures by age and by area go."""
    sqlite = op.get_bind().dialect.name == 'sqlite'
    for trigger in ('kept', 'stays') if sqlite else ('kept',):
        op.execute(f"DROP TRIGGER figure_{trigger}{'' if sqlite else ' ON figure'}")
    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.drop_column('area')

    op.execute("DELETE FROM figure WHERE field <> ''")
    with op.batch_alter_table('figure', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('pk_figure'), type_='primary')
        batch_op.drop_column('field')
        batch_op.drop_column('part')
        batch_op.create_primary_key(batch_op.f('pk_figure'), ['period', 'view', 'cell'])
