/**
 * What a worker directory gets of the plugin tree, which an image may be built without. May use the plugin's package of
 * trees, and nothing of Zygotes beside it.
 */
package io.zygotes.launcher.tree;
