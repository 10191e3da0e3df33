/** How long a second of the lab takes here, in milliseconds; waiting that nobody watches is shorter still. */
export const paceMs = 200;
