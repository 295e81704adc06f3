/**
 * The strategy {@code tree}: zygotes in the shape of a tree, made when they are first needed; every leaf is forked from
 * the one that saves its lambda the most import time.
 */
package io.zygotes.plugin.tree;
