"""Trains the linear model: one regression a head, over the same hashed pieces that the service looks at."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from bot.safeguards.triage.features import SIZE, features
from bot.safeguards.triage.wording import normalised, tokens


def matrix(texts):
    """A row a text: each piece that is there, all together of length one."""
    rows = [sorted(features(tokens(normalised(text)))) for text in texts]
    starts = np.cumsum([0, *map(len, rows)])
    values = np.concatenate([np.full(len(row), 1 / np.sqrt(max(len(row), 1))) for row in rows])
    return csr_matrix((values, np.concatenate(rows).astype(int), starts), shape=(len(rows), SIZE))


def fit(seen, wanted, strength=8.0, weights=None):
    """The weights and what to add, for one head."""
    model = LogisticRegression(C=strength, max_iter=400, solver="liblinear", random_state=0)
    model.fit(seen, wanted, sample_weight=weights)
    return model.coef_[0], float(model.intercept_[0])
