package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tongluo/content"
)

// unsoundMedia is why a push is not carried by anybody.
const unsoundMedia = "图片或文件缺失、有改动或太大"

// whole reports whether the pictures and files of a push are there and what was
// approved. Words alone are never handed on: half of it would be taken for all.
func (o *Office) whole(ctx context.Context, p Push) (bool, error) {
	it, err := o.store.Item(ctx, p.Item)
	if err != nil {
		return false, err
	}
	for _, part := range it.Parts() {
		if part.SHA256 == "" {
			continue
		}
		data, err := o.store.Blob(ctx, part.SHA256)
		if err == nil {
			err = part.Sound(data)
		}
		if errors.Is(err, ErrNotFound) || errors.Is(err, content.ErrUnsound) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("look at the media of push %d: %w", p.ID, err)
		}
	}
	return true, nil
}

// Unsound tells the office, once, that a push goes to nobody because its pictures
// or files are not what was approved.
func (o *Office) Unsound(ctx context.Context, push int64, now time.Time) error {
	p, err := o.store.Push(ctx, push)
	if err != nil {
		return err
	}
	it, err := o.store.Item(ctx, p.Item)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("【素材坏了 #%d】《%s》的%s。文字也没有单独发，也没有请人转。\n请重新导入这份素材，另一个人审过再排一次。\n看排着的请回：队列", p.ID, it.Title, unsoundMedia)
	return o.tellStaff(ctx, fmt.Sprintf("unsound:%d", p.ID), text, now)
}
