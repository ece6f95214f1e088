/*
 * Asking a person for a password.
 */
#ifndef COMMON_PASSWORD_H
#define COMMON_PASSWORD_H

/*
 * password_ask(user):
 * Ask on the terminal itself, for standard input may be the stream, and do not
 * show what is typed.  Returns the password for the caller to free(), or NULL
 * where there is no terminal.  A stop signal ends the program, but only after
 * the terminal has its echo back.
 */
char *password_ask(const char *user);

#endif /* COMMON_PASSWORD_H */
