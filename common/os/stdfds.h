/*
 * The three standard descriptors.
 */
#ifndef COMMON_STDFDS_H
#define COMMON_STDFDS_H

/*
 * stdfds_fill():
 * Put something harmless where standard input, output or error is closed, for
 * else the next thing opened, such as the server's socket, would take its place
 * and rows or messages would go there.  Reading such an input and writing to such
 * an output fail; messages are lost.  To be called first in main().
 */
void stdfds_fill(void);

#endif /* COMMON_STDFDS_H */
