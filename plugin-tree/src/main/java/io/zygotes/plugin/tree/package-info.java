/**
 * The strategy {@code tree}: zygotes in the shape of a tree, made when they are first needed; every leaf is forked from
 * the one that saves its lambda the most import time.
 *
 * <p>{@code TreeCache} serves requests. {@code Layout} and {@code Plans} are the tree's shape and which node serves
 * whom, {@code NodeZygotes} and {@code Slots} its zygotes, {@code TreeMoves} the way to another tree. {@code AutoTree}
 * is a tree that learns: it counts {@code Traffic}, fits trees to it, and keeps both in {@code AutoMemory}.
 *
 * <p>May use {@code io.zygotes.spi}, both packages below, and Jackson for what it keeps; nothing of the worker.
 */
package io.zygotes.plugin.tree;
