/**
 * The image that this program runs from, and the making of another one: a copy with other plugins. May use the finding
 * of plugins.
 */
package io.zygotes.launcher.image;
