/**
 * Who runs what needs nobody else: the user that the console has logged in as, whatever the name. It holds a blank, so
 * it is no user's name; and it reads well where a person is told who runs a step.
 */
export const theLogin = 'the login';
