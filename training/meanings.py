"""`python -m training meanings`: words in groups of like meaning, by the model that the encoder starts from."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import PCA
from torch.nn import functional

from bot.safeguards.redaction.words import AMBIGUOUS, KEPT, NAMES, ORDINARY, STEP, Words, load_words
from bot.safeguards.triage.wordpieces import Pieces
from training.encoder import START, padded, starting_model
from training.lists import FOLDER

GROUPS, DIMENSIONS, BATCH = 256, 96, 256
KNOWN = ORDINARY | KEPT


def make() -> None:
    """Write the groups, one a line; a word that is first of all a name is in none, for its neighbours must tell."""
    chosen = wanted(load_words())
    reduced = PCA(DIMENSIONS, random_state=0).fit_transform(vectors(chosen))
    reduced /= np.linalg.norm(reduced, axis=1, keepdims=True)
    means = MiniBatchKMeans(GROUPS, random_state=0, batch_size=4_096, n_init=3, max_iter=80)
    numbers = means.fit_predict(reduced)
    lines = [" ".join(sorted(chosen[place] for place in np.where(numbers == group)[0])) for group in range(GROUPS)]
    (FOLDER / "meanings.txt.gz").write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))
    print(f"{len(chosen)} words in {GROUPS} groups", flush=True)


def wanted(words: Words) -> list[str]:
    """The English words that have a meaning of their own."""
    return [
        word
        for word in words.known
        if word.isalpha() and word.isascii()
        if (flags := words.of(word)) >> STEP or flags & KNOWN
        if not flags & NAMES or flags & (KNOWN | AMBIGUOUS)
    ]


def vectors(words: Sequence[str]) -> Any:
    """What the model makes of each word alone, of length one."""
    torch.set_num_threads(1)  # the same sums in the same order on every machine
    model, pieces = starting_model(START), Pieces.of((START / "vocab.txt").read_text(encoding="utf-8"))
    found = []
    with torch.no_grad():
        for first in range(0, len(words), BATCH):
            ids, mask = padded([pieces.cut(word) for word in words[first : first + BATCH]])
            states = model(input_ids=ids, attention_mask=mask).last_hidden_state
            kept = mask.unsqueeze(-1).to(states.dtype)
            found.append(functional.normalize((states * kept).sum(1) / kept.sum(1), dim=1).numpy())
    return np.concatenate(found)
