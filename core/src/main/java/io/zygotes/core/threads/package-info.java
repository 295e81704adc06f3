/**
 * Starting threads where a request needs one, and the error when the kernel refuses it. Uses {@code io.zygotes.spi} for
 * the kinds of failures, and no other package of the core.
 */
package io.zygotes.core.threads;
