"""Derivatives of the covariance of the data by sigma2 and the entries of psi, for the small-sample methods.

V is linear in them: G_0 = I, and G_a = Z E_a Z' with the symmetric unit matrices E_a. With W_j = (I + B_j G B_j')^-1 (see
:mod:`reportgen.estimation.slope_profile`) and everything in units of sigma2,

    D'V^-c D = R + sum F'W^c F        Z'V^-c D = B'W^c F        Z'V^-c Z = B'W^c B

so that every product that Satterthwaite and Kenward-Roger ask for is a sum over groups of products of such small matrices.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reportgen.estimation.slope_profile import SlopeProfile
from reportgen.estimation.small_sample import CovarianceDerivatives
from reportgen.estimation.stacks import backward, forward, product

Array = NDArray[np.float64]


def slope_derivatives(profile: SlopeProfile, correlated: bool) -> CovarianceDerivatives:
    """Derivatives at a REML estimate.

    Parameters
    ----------
    profile : SlopeProfile
        At the estimate.
    correlated : bool
        Whether the covariances of the random effects are parameters.

    Returns
    -------
    CovarianceDerivatives
        By sigma2, then the free entries of psi: row by row of its lower triangle, or its diagonal.
    """
    q, p1 = profile.groups.n_effects, profile.groups.n_terms + 1
    sigma2 = profile.sigma2(restricted=True)
    units = unit_matrices(q, correlated)
    n = 1 + len(units)
    once, twice = profile.whitened, backward(profile.triangle, profile.whitened)
    thrice = forward(profile.triangle, twice[:, :p1])
    effects = product(once[:, p1:], once[:, p1:])
    effects_squared = np.einsum("kaj,kbj->ab", twice[:, p1:], twice[:, p1:])
    seconds = np.empty((n, p1, p1))
    seconds[0] = profile.groups.inside + squares(twice[:, :p1])
    seconds[1:] = np.einsum("aibk,eab->eik", profile.crossed_gram, units)
    thirds = np.empty((n, n, p1, p1))
    thirds[0, 0] = profile.groups.inside + squares(thrice)
    outer = paired(product(twice[:, p1:], twice[:, :p1]), profile.crossed)
    thirds[0, 1:] = np.einsum("aibk,eab->eik", outer, units)
    thirds[1:, 0] = thirds[0, 1:].transpose(0, 2, 1)
    thirds[1:, 1:] = _middle(profile.crossed, effects, units)
    trace = np.empty((n, n))
    trace[0, 0] = profile.groups.n_rows - profile.groups.n_groups * q + _squared_inverse(profile)
    trace[0, 1:] = trace[1:, 0] = np.einsum("ab,eab->e", effects_squared, units)
    pairs = paired(effects, effects)
    trace[1:, 1:] = np.einsum("eia,abci,fbc->ef", units, pairs, units)
    return CovarianceDerivatives.of(
        profile.gram / sigma2, seconds / sigma2**2, thirds / sigma2**3, trace / sigma2**2, profile.beta
    )


def unit_matrices(q: int, correlated: bool) -> Array:
    """(r, q, q) derivatives of psi by its free entries."""
    found = []
    for i in range(q):
        for k in range(i + 1):
            if i == k or correlated:
                unit = np.zeros((q, q))
                unit[i, k] = unit[k, i] = 1.0
                found.append(unit)
    return np.stack(found)


def squares(blocks: Array) -> Array:
    """(c, c) sum over groups of T_j'T_j of a (q, c, J) array."""
    return np.asarray(sum(block @ block.T for block in blocks))


def paired(left: Array, right: Array) -> Array:
    """(a, b, c, d) sum over groups of left[a, b] right[c, d] of (a, b, J) and (c, d, J) arrays."""
    flat_left, flat_right = left.reshape(-1, left.shape[2]), right.reshape(-1, right.shape[2])
    return np.asarray((flat_left @ flat_right.T).reshape(*left.shape[:2], *right.shape[:2]))


def _middle(crossed: Array, effects: Array, units: Array) -> Array:
    """(r, r, p + 1, p + 1) sum over groups of t'E_a A E_b t with t = Z'V^-1D and A = Z'V^-1Z."""
    q, p1, _ = crossed.shape
    value = np.zeros((len(units), len(units), p1, p1))
    for k in range(q):
        for m in range(q):
            weighed = paired(crossed * effects[k, m], crossed)
            value += np.einsum("ei,fb,iabc->efac", units[:, :, k], units[:, m, :], weighed)
    return value


def _squared_inverse(profile: SlopeProfile) -> float:
    """sum_j tr(W_j W_j)."""
    q = profile.groups.n_effects
    identity = np.broadcast_to(np.eye(q)[:, :, None], (q, q, profile.groups.n_groups))
    half = forward(profile.triangle, identity)
    whole = product(half, half)
    return float(np.sum(whole * whole))
