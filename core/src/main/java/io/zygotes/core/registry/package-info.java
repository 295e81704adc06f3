/** Where lambda code comes from: names, versions, requirements, settings. */
package io.zygotes.core.registry;
