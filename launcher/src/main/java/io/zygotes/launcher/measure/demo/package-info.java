/**
 * {@code zygotes demo}: the same lambdas under each strategy, measured over HTTP on a worker of its own. May use the
 * worker, and {@code measure.tree} to draw the tree at the end.
 */
package io.zygotes.launcher.measure.demo;
