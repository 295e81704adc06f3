/**
 * An import cache that keeps a zygote for each set of packages that was asked for of late. It uses the worker's SPI
 * ({@code io.zygotes.spi}) and {@code java.base}, and nothing else.
 */
package com.example.zygotes.recent;
