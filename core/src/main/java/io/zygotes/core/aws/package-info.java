/**
 * The interface of AWS Lambda, so that its clients work with another endpoint: which path is which operation, who may
 * ask for it, and what is answered in which shape. Knows nothing of the HTTP server: {@code http} hands requests over
 * ({@link io.zygotes.core.aws.AwsApi}). Uses {@code registry}, {@code function} and {@code output}, and the errors of
 * {@code files}.
 *
 * <p>Paths, members and errors are those of the service model of botocore (lambda, 2015-03-31).
 */
package io.zygotes.core.aws;
