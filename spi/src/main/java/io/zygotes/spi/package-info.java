/**
 * What an import cache sees of the worker: packages, sandboxes, errors, and the cache's own contract.
 *
 * <p>Unless a type says otherwise, no parameter and no return value is ever null, collections are unmodifiable, and
 * every method may be called from any thread.
 */
package io.zygotes.spi;
