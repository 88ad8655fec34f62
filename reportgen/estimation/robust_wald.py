"""Cluster-robust test of several coefficients: CR2 with Hotelling's T squared of estimated degrees of freedom.

The covariance of the contrasts is CR2's. In coordinates in which its expectation under the working model is the identity it
is treated as a Wishart matrix of eta degrees of freedom, eta from the variances of its entries; then
(eta - m + 1) / (eta m) times the Wald statistic is F with m and eta - m + 1 degrees of freedom (HTZ of Pustejovsky & Tipton
2018). With one contrast it is the square of the t of Bell & McCaffrey.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from reportgen.estimation.robust import WorkingModel
from reportgen.estimation.small_sample import ScaledF
from reportgen.fits import Issue, Undefined

Array = NDArray[np.float64]

DECIDED = 1e-10  # variance of the entries, those of the estimates being 1, that is nothing but rounding


def robust_wald(model: WorkingModel, contrasts: Array, values: Array) -> ScaledF | Undefined:
    """Joint CR2 test that m contrasts are zero.

    Parameters
    ----------
    model : WorkingModel
        The fitted model.
    contrasts : (m, p) array
        Of scaled coefficients; of full row rank.
    values : (m,) array
        The contrasts' estimates.
    """
    m = len(contrasts)
    if issues := model.too_large:
        return Undefined(issues[0])
    if model.decided(contrasts).any():
        return Undefined(Issue("one_group_decides"))
    bread = contrasts @ model.inverse
    scores = bread @ model.unbiased_scores
    covariance = scores @ scores.T
    too_few = Undefined(Issue("robust_covariance_singular", {"n_groups": model.counts.n_groups, "n_contrasts": m}))
    if np.linalg.matrix_rank(covariance, hermitian=True) < m:
        return too_few
    eta = wishart_df(model, contrasts)
    if eta == 0.0:
        return Undefined(Issue("one_group_decides"))
    df2 = eta - m + 1.0
    if df2 <= 0.0:
        return too_few
    f = float(df2 / (eta * m) * (values @ np.linalg.solve(covariance, values)))
    return ScaledF(f, m, df2, float(fdtrc(m, df2, f)))


def wishart_df(model: WorkingModel, contrasts: Array) -> float:
    """Degrees of freedom eta = m (m + 1) / (sum of the variances of the entries) of the CR2 covariance.

    Entry (s, t) is sum_j u_js u_jt with normal u; cov(u_js, u_kt) = [j = k] e_jst - h_js'h_kt, where e_jst = p_js'V_j p_jt and
    h_js = L'X_j'p_js (as in :meth:`reportgen.estimation.robust.WorkingModel.bell_mccaffrey`). The contrasts are first turned
    so that they are uncorrelated, of variance 1, under the working model. Where one group decides them the entries do not vary
    but for rounding, and 0 is returned.
    """
    size = np.linalg.cholesky(contrasts @ model.inverse @ contrasts.T)
    turned = np.asarray(np.linalg.solve(size, contrasts), dtype=np.float64)
    own, h = model.leverages(turned)
    e = np.einsum("rsj,rtj->jst", own, own)
    inner = np.einsum("psj,ptj->jst", h, h)
    crossed = np.einsum("psj,qtj->stpq", h, h, optimize=True)
    total = 0.0
    for s in range(len(contrasts)):
        for t in range(len(contrasts)):
            own = e[:, s, s] * e[:, t, t] - e[:, s, s] * inner[:, t, t] - e[:, t, t] * inner[:, s, s]
            shared = e[:, s, t] ** 2 - 2.0 * e[:, s, t] * inner[:, s, t]
            total += float(own.sum() + shared.sum())
            total += float(np.sum(crossed[s, t] ** 2) + np.sum(crossed[s, t] * crossed[s, t].T))
    return len(contrasts) * (len(contrasts) + 1) / total if total > DECIDED else 0.0
