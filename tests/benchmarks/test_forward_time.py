"""What a pruned LeNet-300-100 saves: as zeros in the same tensors, in sparse storage, cut smaller.

Trained on MNIST with DRR (on the digits if MNIST is not on this machine), pruned, and timed on one
thread; the numbers are recorded in data/results/benchmarks/neuron_removal.json. Run it with

    python tests/benchmarks/test_forward_time.py

As a test it only checks that all of them compute the same: a test never asserts a time.
"""

from __future__ import annotations

import copy
import json
import warnings

import torch
from torch import Tensor, nn

from l0course import DRR, MLP, compress, digits, error_rate, mnist
from l0course.figures.registry import results_folder, versions
from l0course.forward_time import forward_milliseconds
from l0course.live_paths import prune_dead
from l0course.neuron_removal import fold_constants, remove_neurons

SEED, BATCHES = 0, (1, 256)
SETTING = {"alpha": 5e-4, "warmup": 1, "regularize": 12, "finetune": 4, "tolerance": 0.05}


class SparseLinear(nn.Module):
    """A Linear whose weight is stored as compressed sparse rows (CSR)."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # PyTorch calls its sparse tensors beta
            self.weight = nn.Parameter(layer.weight.detach().to_sparse_csr())
        self.bias = nn.Parameter(layer.bias.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        return torch.sparse.mm(self.weight, x.T).T + self.bias


def data():
    try:
        return mnist()
    except FileNotFoundError:
        return digits()


def variants(pruned: nn.Sequential, x: Tensor) -> tuple[dict[str, nn.Module], dict[str, int]]:
    """The pruned model in all forms, and what folding and pruning found."""
    x = x[:1000]
    folded = copy.deepcopy(pruned)
    found = {"folded": fold_constants(folded), "dead": prune_dead(folded, x)}
    dense = MLP([pruned[0].in_features, 300, 100, 10], seed=SEED)
    layers = [SparseLinear(m) if isinstance(m, nn.Linear) else m for m in pruned]
    forms = {
        "dense": dense,
        "masked": pruned,
        "sparse": nn.Sequential(*layers),
        "removed": remove_neurons(folded, x),
    }
    return {name: model.eval() for name, model in forms.items()}, found


def size(model: nn.Module) -> dict[str, int]:
    """Parameters stored, those that are not zero, and bytes with the positions of sparse ones."""
    stored = []
    for p in model.parameters():
        csr = p.layout == torch.sparse_csr
        stored += [p.values(), p.crow_indices(), p.col_indices()] if csr else [p]
    numbers = [t for t in stored if t.is_floating_point()]
    return {
        "parameters": sum(t.numel() for t in numbers),
        "nonzero": sum(int(t.count_nonzero()) for t in numbers),
        "bytes": sum(t.nbytes for t in stored),
    }


def test_all_forms_of_a_pruned_network_compute_the_same():
    pruned = MLP((64, 300, 100, 10), seed=SEED)
    for m in pruned[::2]:
        m.weight.data.masked_fill_(m.weight.abs() < 0.99 * m.weight.abs().max(), 0)
    x = digits().x_test
    forms, found = variants(pruned, x)
    want = forms["masked"](x)
    for name in ("sparse", "removed"):
        assert (forms[name](x) - want).abs().max() < 1e-6
    sizes = {name: size(model) for name, model in forms.items()}
    assert sizes["dense"]["parameters"] == sizes["masked"]["parameters"] == 50610
    assert sizes["sparse"]["nonzero"] == sizes["masked"]["nonzero"]
    assert sizes["removed"]["bytes"] == 4 * sizes["removed"]["parameters"] < 4 * 50610
    lost = found["folded"] + found["dead"]
    assert sizes["removed"]["nonzero"] == sizes["masked"]["nonzero"] - lost
    assert forward_milliseconds(forms, x[:1], rounds=1).keys() == forms.keys()


if __name__ == "__main__":
    torch.set_num_threads(1)
    split = data()
    alpha, schedule = SETTING["alpha"], {k: v for k, v in SETTING.items() if k != "alpha"}
    start = MLP((split.x_train.shape[1], 300, 100, 10), seed=SEED)
    done = compress(start, split.train, split.validation, DRR(alpha), seed=SEED, **schedule)
    forms, found = variants(done.model, split.x_train)
    forms["dense"].load_state_dict(start.state_dict())
    times = {n: forward_milliseconds(forms, split.x_train[:n], rounds=300) for n in BATCHES}
    record = {
        "command": "python tests/benchmarks/test_forward_time.py",
        "versions": versions(),
        "data": split.name,
        "seed": SEED,
        "threads": torch.get_num_threads(),
        "DRR": SETTING,
        "test_error": error_rate(done.model, split.test),
        "weights_removed": found,
        "widths": [m.out_features for m in forms["removed"] if isinstance(m, nn.Linear)],
    }
    for name, model in forms.items():
        record[name] = size(model) | {f"milliseconds_{n}": times[n][name] for n in BATCHES}
        print(name, record[name])
    print({key: record[key] for key in ("test_error", "weights_removed", "widths")})
    path = results_folder() / "benchmarks" / "neuron_removal.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
