/*
 * Which columns' types may have several images of one value.
 */
#ifndef LOAD_PLAN_IMAGES_H
#define LOAD_PLAN_IMAGES_H

struct db;
struct err;
struct plan;

/*
 * plan_images(p, db, e):
 * Note in plan_column.images which columns hold such types.
 */
int plan_images(struct plan *p, struct db *db, struct err *e)
	__attribute__((warn_unused_result));

#endif /* LOAD_PLAN_IMAGES_H */
