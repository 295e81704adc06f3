/**
 * What a worker says of itself: the numbers of {@code /stats} and the text of {@code /debug}. Reads the pool, the
 * lambdas, the import cache and the logs, and changes nothing; knows nothing of HTTP.
 */
package io.zygotes.core.status;
