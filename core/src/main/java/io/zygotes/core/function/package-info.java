/** Lambdas at work: their versions, their leaves, and the requests that wait for one. */
package io.zygotes.core.function;
