package io.zygotes.testbed;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;

/**
 * Of a test, or of all tests of a class: they run on this machine's kernel, as others do, and in one where version 2 of
 * cgroups has all controllers ({@link UmlRun}).
 */
@Tag(AlsoOnPureCgroup2.TAG)
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
public @interface AlsoOnPureCgroup2 {

    /** What JUnit knows them by. */
    String TAG = "also-on-pure-cgroup-v2";
}
