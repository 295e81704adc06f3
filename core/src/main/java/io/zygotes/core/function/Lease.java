package io.zygotes.core.function;

import io.zygotes.core.pool.PooledLeaf;

/**
 * A leaf in use by one call.
 *
 * @param leaf the leaf
 * @param start where it came from
 */
record Lease(PooledLeaf leaf, Answer.Start start) {}
