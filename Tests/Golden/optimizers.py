"""Golden values of optimizers and schedules: a file for each, optimizers/NAME.json and schedules/NAME.json.

    pip install -r requirements.txt
    python optimizers.py            # all
    python optimizers.py Lion       # one of them

Keras computes them with JAX in float64 (with NumPy, it rounds most results to float32), so that both precisions can be
compared.
"""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"

from support import Random, case, configuration, keras, use_precision, write  # noqa: E402

use_precision("float64")
O, S = keras.optimizers, keras.optimizers.schedules

STEPS = 6
SHAPES = {"kernel": (2, 3), "bias": (4,)}
OWN = {
    "SGD": [{}, dict(momentum=0.9), dict(momentum=0.9, nesterov=True)],
    "Adam": [{}, dict(amsgrad=True), dict(beta_1=0.8, beta_2=0.95, epsilon=1e-3)],
    "AdamW": [{}, dict(weight_decay=0.1, amsgrad=True)],
    "RMSprop": [{}, dict(rho=0.8, momentum=0.9, epsilon=1e-3), dict(centered=True), dict(momentum=0.5, centered=True)],
    "Adagrad": [{}, dict(initial_accumulator_value=0.5, epsilon=1e-3)],
    "Adadelta": [{}, dict(rho=0.8, epsilon=1e-3)],
    "Adamax": [{}, dict(beta_1=0.8, beta_2=0.9, epsilon=1e-3)],
    "Nadam": [{}, dict(beta_1=0.8, beta_2=0.95, epsilon=1e-3)],
    "Lion": [{}, dict(beta_1=0.8, beta_2=0.9)],
    "Lamb": [{}, dict(beta_1=0.8, beta_2=0.95, epsilon=1e-3)],
    "Muon": [
        # Its default is the integer 1.
        dict(adam_lr_ratio=1.0), dict(adam_lr_ratio=1.0, exclude_layers=["ker"]),
        dict(adam_lr_ratio=1.0, nesterov=False, rms_rate=None, ns_steps=3, momentum=0.8),
        dict(adam_beta_1=0.8, adam_beta_2=0.95, epsilon=1e-3, adam_weight_decay=None, adam_lr_ratio=0.5, weight_decay=0.1),
    ],
    "ScheduleFreeAdamW": [{}, dict(beta_1=0.8, beta_2=0.95, epsilon=1e-3, warmup_steps=4, weight_decay=0.1)],
    "Adafactor": [{}, dict(beta_2_decay=-0.5, epsilon_1=1e-5, epsilon_2=0.5, clip_threshold=0.5, relative_step=False)],
    "Ftrl": [
        {},
        dict(
            learning_rate_power=-0.25, initial_accumulator_value=0.5, l1_regularization_strength=0.1,
            l2_regularization_strength=0.2, l2_shrinkage_regularization_strength=0.05, beta=0.3,
        ),
    ],
}
# By the map's arguments: paths of these parameters are their names.
MAPS = {
    "MultiOptimizer": [
        dict(default_optimizer=O.SGD(0.05, momentum=0.5), optimizer_map={"k.*": O.Adam(0.01)}),
        dict(
            default_optimizer=O.Nadam(0.01, weight_decay=0.1, use_ema=True),
            optimizer_map={
                "ker": O.Lion(), "bias": O.SGD(S.ExponentialDecay(0.1, 3, 0.5), gradient_accumulation_steps=2),
            },
        ),
    ],
}
# What every optimizer can do, shown by one in plain code and two that are fused.
SHARED = [
    dict(clipnorm=0.5), dict(clipvalue=0.1), dict(global_clipnorm=0.7), dict(weight_decay=0.1),
    dict(use_ema=True, ema_momentum=0.9), dict(use_ema=True, ema_momentum=0.75, ema_overwrite_frequency=2),
    dict(gradient_accumulation_steps=2, clipnorm=0.5, weight_decay=0.1),
    dict(gradient_accumulation_steps=3, use_ema=True, ema_momentum=0.75),
    dict(learning_rate=S.ExponentialDecay(0.1, decay_steps=3, decay_rate=0.5), gradient_accumulation_steps=2),
]
SCHEDULES = {
    "ExponentialDecay": [
        S.ExponentialDecay(0.1, decay_steps=10, decay_rate=0.9),
        S.ExponentialDecay(0.1, decay_steps=10, decay_rate=0.9, staircase=True),
    ],
    "InverseTimeDecay": [
        S.InverseTimeDecay(0.1, decay_steps=10, decay_rate=0.5),
        S.InverseTimeDecay(0.1, decay_steps=10, decay_rate=0.5, staircase=True),
    ],
    "PolynomialDecay": [
        S.PolynomialDecay(0.1, decay_steps=16, end_learning_rate=0.01, power=0.5),
        S.PolynomialDecay(0.1, decay_steps=16, cycle=True),
    ],
    "PiecewiseConstantDecay": [S.PiecewiseConstantDecay([4, 16], [0.1, 0.01, 0.001])],
    "CosineDecay": [
        S.CosineDecay(0.1, decay_steps=20), S.CosineDecay(0.1, decay_steps=20, alpha=0.1),
        S.CosineDecay(0.01, decay_steps=20, alpha=0.1, warmup_target=0.1, warmup_steps=5),
    ],
    "CosineDecayRestarts": [
        S.CosineDecayRestarts(0.1, first_decay_steps=4), S.CosineDecayRestarts(0.1, 5, t_mul=1.0, m_mul=0.5),
        S.CosineDecayRestarts(0.1, 4, t_mul=1.5, m_mul=0.9, alpha=0.1),
    ],
}


def optimizer_case(name, settings, excluded=()):
    return case_of(getattr(O, name)(**dict(learning_rate=0.05) | settings), name, settings, excluded)


def case_of(optimizer, name, settings, excluded=()):
    """Weights before and after each step, and at the end all variables in the order in which Keras saves them."""
    random = Random(7)
    if excluded:
        optimizer.exclude_from_weight_decay(var_names=list(excluded))
    variables = [keras.Variable(random(*shape), dtype="float64", name=key) for key, shape in SHAPES.items()]
    tensors = {key: x.numpy() for key, x in zip(SHAPES, variables)}
    for step in range(STEPS):
        gradients = [random(*shape) for shape in SHAPES.values()]
        optimizer.apply([keras.ops.convert_to_tensor(g, dtype="float64") for g in gradients], variables)
        for key, gradient, variable in zip(SHAPES, gradients, variables):
            tensors[f"{key}_gradient{step}"] = gradient
            tensors[f"{key}_step{step}"] = variable.numpy()
    tensors |= {f"variable{i}": x.numpy() for i, x in enumerate(optimizer.variables)}
    full = configuration(optimizer) | dict(variables=len(optimizer.variables), excluded=" ".join(excluded))
    shown = {key: type(x).__name__ if isinstance(x, S.LearningRateSchedule) else x for key, x in settings.items()}
    return case(f"{name} {shown} {' '.join(excluded)}".strip(), full, **tensors)


if __name__ == "__main__":
    for name, variants in OWN.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        cases = [optimizer_case(name, settings) for settings in variants]
        if name in ["SGD", "Adam", "RMSprop"]:
            cases += [optimizer_case(name, settings) for settings in SHARED]
            cases.append(optimizer_case(name, dict(weight_decay=0.1), excluded=["bias"]))
        write("optimizers/" + name, cases)
    for name, maps in MAPS.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        cases = [
            case_of(O.MultiOptimizer(O.OptimizerMap(**settings)), f"{name} {number}", {})
            for number, settings in enumerate(maps)
        ]
        write("optimizers/" + name, cases)
    for name, schedules in SCHEDULES.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        cases = [
            case(f"{name} {number}", configuration(schedule), rates=[float(schedule(step)) for step in range(40)])
            for number, schedule in enumerate(schedules)
        ]
        write("schedules/" + name, cases)
