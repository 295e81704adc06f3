/**
 * What a sandbox mechanism implements and what the worker's core calls: making sandboxes for real. And what both need
 * for it and neither may have of the other: threads that outlive what fails in them.
 *
 * <p>Import caches do not see this package's types at run time: they get the core's pool, which counts memory and
 * keeps the safety rule, around a mechanism. As in {@link io.zygotes.spi}, nothing is ever null and everything may be
 * called from any thread unless said otherwise.
 *
 * <p>Uses {@code java.base} and {@link io.zygotes.spi}.
 */
package io.zygotes.spi.mechanism;
