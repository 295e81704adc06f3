/** The HTTP front: what is answered ({@code WorkerApi}) and over which server ({@code HttpFront}). */
package io.zygotes.core.http;
