/**
 * Finds import caches and sandbox mechanisms by their names: those of the image, and plugins that were dropped in. The
 * only package that uses {@link java.util.ServiceLoader}. May use nothing of Zygotes but the SPI.
 */
package io.zygotes.launcher.plugins;
