"""l0course: compress neural networks and data sets, and understand why it works.

The names below are loaded when they are first used, so `import l0course` is fast and lessons that
need only NumPy never load PyTorch.
"""

from __future__ import annotations

import importlib

__version__ = "0.1.0"

_HOME = {
    "penalties": ["hard_threshold", "l0", "l1", "l2", "smooth_l0", "soft_threshold"],
    "codelength": [
        "gaussian_bits",
        "label_bits",
        "mdl_alpha",
        "mixture_bits",
        "prequential_bits",
        "support_bits",
    ],
    "models": ["MLP", "LeNet300"],
    "image_networks": ["LeNet5", "VGG16"],
    "byte_transformer": ["ByteTransformer"],
    "regularizers": ["DRR", "L1", "PMMP", "pmmp_lagrangian"],
    "exact_pmmp": ["ExactPMMP"],
    "hard_concrete": ["HardConcrete"],
    "layerwise": ["layerwise_prune"],
    "drr_options": ["LayerDRR"],
    "proximal": [
        "log_sum",
        "prox_capped_quadratic",
        "prox_l2",
        "prox_log_sum",
        "prox_smooth_l0",
    ],
    "pruning": [
        "Masks",
        "compression_rate",
        "count_nonzero",
        "magnitude_prune",
        "tamade",
    ],
    "threshold_searches": ["bisection_tamade", "secant_tamade"],
    "dead_weights": ["random_gradient_prune"],
    "live_paths": ["live_weights", "prune_dead"],
    "neuron_removal": ["fold_constants", "remove_neurons"],
    "forward_time": ["forward_milliseconds"],
    "persistent_masks": ["held_masks", "hold_masks", "release_masks"],
    "evaluation": ["error_rate", "mean_loss"],
    "best_subset": ["L0Regression", "RelaxedLasso", "best_subsets"],
    "exact_gradient": ["egp_gradients", "egp_objective", "exact_gradient_pruning"],
    "egp_regression": ["EGPRegression"],
    "datasets": ["diabetes", "digits", "fashion_mnist", "mnist", "mnist_5k"],
    "generated": ["sparse_regression"],
    "cifar": ["cifar10"],
    "image_files": ["CorruptDataError", "download"],
    "codec": [
        "CorruptFileError",
        "decode_model",
        "encode_model",
        "file_report",
        "load_compressed",
        "save_compressed",
    ],
    "quantization": ["quantize"],
    "file_measures": ["class_bits", "label_bits_of", "wrong_answers"],
    "file_search": ["smallest_file"],
    "certificates": ["Certificate", "certificate"],
    "neuron_order": ["sort_neurons"],
    "training": ["Compressed", "compress", "fit"],
    "ensemble": ["EnsembleResult", "train_many"],
    "symmetry": ["normal_form"],
    "moments": ["legendre_features", "reduce_moments"],
    "moment_cells": ["compress_points"],
    "weighted_neurons": ["WeightedNeurons", "mean_field_network"],
    "universal": ["compress_data", "compress_neurons"],
    "pilot": ["compress_along"],
    "subset_sum": ["best_subset_sum", "count_subset_sums", "partition_count"],
    "quantised_sum": ["exact_subset_sum", "reachable_sums", "sparsest_subset_sum"],
    "sum_heuristics": ["differencing_subset_sum", "greedy_subset_sum"],
    "lottery": ["Ticket", "random_network", "strong_ticket"],
    "mask_scores": ["edge_popup"],
    "teacher_student": ["gaussian_loss", "sample", "student", "teacher", "teacher_data"],
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str):
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'l0course' has no attribute '{name}'")
    return getattr(importlib.import_module(f"l0course.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
