/**
 * All that the launcher does with the plugin tree, which an image may be built without. Nothing else names its classes:
 * picocli looks at the methods of every command, and what these mention has to be there.
 */
package io.zygotes.launcher.tree;
