/**
 * The strategy {@code multitree}: several identical, independent zygote trees, so that requests for one popular zygote
 * do not queue up before a single process.
 *
 * <p>May use {@code io.zygotes.spi} and, of the strategy {@code tree}, its cache, its options and its reader of trees.
 */
package io.zygotes.plugin.multitree;
