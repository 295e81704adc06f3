/**
 * No import cache: every leaf is a fresh Python process. What the others are measured against.
 *
 * <p>May use {@code io.zygotes.spi} alone.
 */
package io.zygotes.plugin.none;
