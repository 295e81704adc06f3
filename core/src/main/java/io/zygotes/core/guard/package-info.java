/**
 * The one way into a plugin: whatever an import cache throws, returns or leaves behind ends here, and never harms more
 * than the call that it was made for. May use {@code io.zygotes.spi}, {@code threads} and {@code pool}.
 */
package io.zygotes.core.guard;
