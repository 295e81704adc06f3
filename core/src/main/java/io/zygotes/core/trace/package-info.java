/** Writes down which packages are called together and what they cost, for making trees from. */
package io.zygotes.core.trace;
