/**
 * The strategy {@code multitree}: several identical, independent zygote trees, so that requests for one popular zygote
 * do not queue up before a single process.
 */
package io.zygotes.plugin.multitree;
