/**
 * Trees from traces: reads what a worker recorded, fits a tree to it, says what a tree saves.
 *
 * <p>No parameter and no return value is null, collections are unmodifiable. Nothing here makes a sandbox.
 *
 * <p>May use {@link io.zygotes.plugin.tree.model}, {@code io.zygotes.spi} and Jackson, but not the strategy above it.
 */
package io.zygotes.plugin.tree.fit;
