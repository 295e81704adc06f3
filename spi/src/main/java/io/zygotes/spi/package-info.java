/**
 * What an import cache sees of the worker: packages, sandboxes, errors, and the cache's own contract.
 *
 * <p>Unless a type says otherwise, no parameter and no return value is ever null, collections are unmodifiable, and
 * every method may be called from any thread.
 *
 * <p>Uses nothing but {@code java.base}, and nothing of {@link io.zygotes.spi.mechanism}: a plugin is compiled against
 * this package alone.
 */
package io.zygotes.spi;
