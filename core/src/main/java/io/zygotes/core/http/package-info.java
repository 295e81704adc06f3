/**
 * The HTTP front: what is answered to which path ({@code WorkerApi}), to calls of lambdas ({@code LambdaCalls}) and to
 * which error ({@code FailureAnswers}), and over which server ({@code HttpFront}). The only package that knows Jetty.
 * Uses {@code aws}, {@code function} and {@code registry}, the errors of {@code files} and {@code threads}, and
 * {@code statistics}.
 */
package io.zygotes.core.http;
