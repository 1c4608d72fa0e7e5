"""Proximal maps: the exact answer to "how far should this weight move, if it costs so much?"

A proximal map moves every entry z to the global minimiser x of

    (x - z)^2 / 2 + strength * penalty(x)

Gradient steps on a penalty with a kink at 0 overshoot and return, for ever. A proximal step lands:
an entry that is not worth its cost becomes exactly 0. `hard_threshold` and `soft_threshold` in
penalties.py are the maps of l0 and l1; the others stand here. Where a penalty is not convex there
are two candidates, 0 and one stationary point, and the cheaper one is taken. At a tie it is the
one that is not 0, as in `hard_threshold`.

All maps work in double precision and return the dtype of z; NaN stays NaN.
Source: Parikh and Boyd, "Proximal algorithms" (2014); the stationary points are worked out below.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .checks import require

__all__ = ["log_sum", "prox_capped_quadratic", "prox_l2", "prox_log_sum", "prox_smooth_l0"]


def log_sum(theta: Tensor, eps: float) -> Tensor:
    """Sum of log(1 + |theta| / eps), the penalty that reweighted l1 goes down on.

    Its slope is sign(theta) / (|theta| + eps). Reweighted l1 (Candes, Wakin, Boyd 2008) replaces it
    by l1 with the weights 1 / (|theta_old| + eps), a tangent from above, again and again.

    Raises ValueError if eps <= 0.

    >>> round(log_sum(torch.tensor([3.0, 0.0, -0.5]), eps=0.5).item(), 3)
    2.639
    """
    require("eps", eps, above=0)
    return torch.log1p(theta.abs() / eps).sum()


def prox_l2(z: Tensor, strength: float) -> Tensor:
    """Minimiser of (x - z)^2 / 2 + strength * x^2: every entry shrinks by the same factor.

    Raises ValueError if strength < 0, or if z holds no floating-point numbers.

    >>> prox_l2(torch.tensor([3.0, -0.2]), strength=0.5)
    tensor([ 1.5000, -0.1000])
    """
    require("strength", strength, least=0)
    _size(z)
    return z / (1 + 2 * strength)


def prox_smooth_l0(z: Tensor, strength: float, beta: float) -> Tensor:
    """Minimiser of (x - z)^2 / 2 + strength * (1 - exp(-beta |x|)): DRR's proximal map.

    For z > 0 the slope is zero where y = x - z solves y = -strength * beta * exp(-beta (z + y)),
    that is, beta y = W(-q) with Lambert's W and q = strength * beta^2 * exp(-beta z). Its main
    branch is the local minimum; it exists if q <= 1/e. The other candidate is x = 0. Only the
    logarithm of q is used, so no beta z is too large.

    If strength * beta^2 > 1 the map jumps: survivors keep a distance from 0. As beta grows it tends
    to `hard_threshold` at sqrt(2 strength); as beta falls with strength * beta = t held fixed, it
    tends to `soft_threshold` at t.

    Parameters
    ----------
    z : tensor of floating-point numbers, any shape
    strength : float, >= 0
    beta : float, > 0

    Returns
    -------
    tensor of z's shape and dtype

    Raises
    ------
    ValueError
        If strength < 0, beta <= 0, or z holds no floating-point numbers.

    Examples
    --------
    >>> prox_smooth_l0(torch.tensor([3.0, -0.9, 0.5]), strength=0.3, beta=5.0)
    tensor([ 3.0000, -0.8817,  0.0000])
    """
    require("strength", strength, least=0)
    require("beta", beta, above=0)
    size = _size(z)
    if strength == 0:
        return z.clone()
    log_q = math.log(strength) + 2 * math.log(beta) - beta * size
    x = size - _minus_lambert_w(log_q.clamp(max=-1)) / beta
    # cost of 0 less cost of x, without the cancelling z^2 / 2
    gain = size * x - x.square() / 2 + strength * torch.expm1(-beta * x)
    return _signed(z, x, lost=(log_q > -1) | (x <= 0) | (gain < 0))


def prox_log_sum(z: Tensor, strength: float, eps: float) -> Tensor:
    """Minimiser of (x - z)^2 / 2 + strength * log(1 + |x| / eps).

    For z > 0 the slope is zero where (x - z)(x + eps) + strength = 0. The larger root is the local
    minimum; it exists if z + eps >= 2 sqrt(strength). The other candidate is x = 0. Small entries
    become 0, and large ones shrink by about strength / z only.

    Raises ValueError if strength < 0, eps <= 0, or z holds no floating-point numbers.

    >>> prox_log_sum(torch.tensor([3.0, -1.5, 0.5]), strength=0.3, eps=0.2)
    tensor([ 2.9033, -1.3000,  0.0000])
    """
    require("strength", strength, least=0)
    require("eps", eps, above=0)
    size = _size(z)
    if strength == 0:
        return z.clone()
    discriminant = (size + eps).square() - 4 * strength
    root, middle = discriminant.clamp(min=0).sqrt(), size - eps
    # two forms of the larger root: each is exact where the other one cancels
    x = torch.where(middle < 0, 2 * (size * eps - strength) / (root - middle), (middle + root) / 2)
    x = torch.minimum(x, size)  # not one rounding above
    gain = size * x - x.square() / 2 - strength * torch.log1p(x.clamp(min=0) / eps)
    return _signed(z, x, lost=(discriminant < 0) | (x <= 0) | (gain < 0))


def prox_capped_quadratic(z: Tensor, u: float | Tensor, alpha: float) -> Tensor:
    """Minimiser of (x - z)^2 / 2 + min(u x^2, alpha): PMMP's proximal map.

    Either x = z at the full price alpha, or x = z / (1 + 2 u) at the price u z^2 / (1 + 2 u), as
    with `prox_l2`. The first if |z| >= sqrt(alpha (1 + 2 u) / u). No entry becomes exactly 0.

    `u` is a number or a tensor that broadcasts to z's shape.

    Raises ValueError if alpha < 0, u < 0 somewhere, or z holds no floating-point numbers.

    >>> prox_capped_quadratic(torch.tensor([3.0, -0.9, 0.5]), u=2.0, alpha=0.5)
    tensor([ 3.0000, -0.1800,  0.1000])
    """
    require("alpha", alpha, least=0)
    size = _size(z)
    u = torch.as_tensor(u, dtype=size.dtype, device=size.device)
    if not ((u >= 0) & u.isfinite()).all():
        raise ValueError("u must be finite and at least 0 everywhere.")
    shrunk = u * size.square() < alpha * (1 + 2 * u)
    return torch.where(shrunk, z / (1 + 2 * u), z).to(z.dtype)


def _size(z: Tensor) -> Tensor:
    """|z| in double precision, or one clear sentence."""
    if not (torch.is_tensor(z) and z.is_floating_point()):
        raise ValueError("z must be a tensor of floating-point numbers; z.float() makes one.")
    return z.abs().double()


def _signed(z: Tensor, x: Tensor, lost: Tensor) -> Tensor:
    """x >= 0 with the sign and the dtype of z, and 0 where the entry is lost."""
    return torch.where(lost, 0, x * z.sign()).to(z.dtype)


def _minus_lambert_w(log_q: Tensor) -> Tensor:
    """-W(-q) in [0, 1] for the main branch of Lambert's W: the smaller v with v exp(-v) = q.

    Takes log q <= -1. Newton's method on log v - v = log q, which is concave and rising: from the
    left it never overshoots. It starts from the series around q = 0, whose terms are positive, and
    next to q = 1/e from the one around the branch point.

    >>> v = _minus_lambert_w(torch.tensor([-1.0, -2.0, -500.0], dtype=torch.float64))
    >>> (v.log() - v).tolist()
    [-1.0, -2.0, -500.0]
    """
    log_q = log_q.clamp(min=-700)  # below, v = q is 0 beside any z
    p = torch.sqrt(-2 * torch.expm1(log_q + 1))
    near = 1 - p + p.square() / 3 - 11 / 72 * p**3
    q = log_q.exp()
    v = torch.where(log_q > -1.2, near, q * (1 + q * (1 + 1.5 * q)))
    for _ in range(4):
        v = v + v * (log_q - v.log() + v) / (1 - v).clamp(min=1e-8)
    return v.clamp(max=1)
