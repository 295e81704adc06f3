/**
 * {@code zygotes tree}: draws, fits and compares trees, and measures what importing packages costs. May use the plugin
 * tree, which an image may be built without: only {@code TreeTools} and what it calls name the plugin's classes, and
 * {@code OptionalTree} stands before it. The commands must not: picocli looks at all methods of a command, and what
 * these mention has to be there.
 */
package io.zygotes.launcher.measure.tree;
